"""The interview on paper: pages that are made to be printed, and written on by hand."""

from collections.abc import Iterable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.conversation import Speaker, Stage
from bot.interview import SPEAKERS, Asking, Interview, NotInInterview
from bot.paper import Block, Part, Question, on_paper
from bot.web import contexts
from bot.web.contexts import PrintedChoice, PrintedPart, PrintedQuestion, PrintedRound, Reason, Told, Way
from bot.web.desk import desk_of
from bot.web.showing import SENTENCE, TITLE, Frame

STAGES = {
    Stage.FIRST: "First conversation",
    Stage.CHECK_IN: "Check-in",
    Stage.CLOSING: "Closing review",
    Stage.EXPERIENCE: "How it was",
}
"""What a stage is called where papers are chosen."""

ROUNDS = ("The first thing", "Another thing", "One more thing")


async def show_papers(request: Request) -> Response:
    """Which papers there are, for those who print them."""
    desk = desk_of(request)
    papers = tuple(
        contexts.PapersOf(speaker, tuple(Way(name, f"/paper/{stage}/{speaker}") for stage, name in STAGES.items()))
        for speaker in SPEAKERS
    )
    return desk.shown(contexts.Papers(title=TITLE, place=desk.frame.place, papers=papers))


async def show_paper(request: Request) -> Response:
    """All questions of a stage and a speaker, to be printed."""
    desk = desk_of(request)
    try:
        stage, speaker = Stage(request.path_params["stage"]), Speaker(request.path_params["speaker"])
        page = _Printing(desk.frame, speaker, stage).page()
    except (ValueError, NotInInterview) as error:
        raise HTTPException(404) from error
    return desk.shown(page)


class _Printing:
    """One paper in the making."""

    def __init__(self, frame: Frame, speaker: Speaker, stage: Stage) -> None:
        self.frame = frame
        self.interview: Interview = frame.interview
        self.speaker = speaker
        self.stage = stage

    def page(self) -> contexts.Paper:
        welcome = self._response("utter_welcome")
        done = self._response("utter_done")
        parts = on_paper(self.interview, self.speaker, self.stage)
        every = [question for part in parts for block in part.blocks for question in block.questions]
        return contexts.Paper(
            title=TITLE,
            place=self.frame.place,
            speaker=self.speaker,
            wording=self.frame.filled(welcome.wording),
            information=self._ideas(welcome.information),
            parts=tuple(self._part(part) for part in parts),
            done=Told(self.frame.filled(done.wording), self._ideas(done.information)),
            more=tuple(self._more(every)),
            reasons=tuple(
                Reason(
                    question.number,
                    self.frame.filled(question.wording),
                    self.frame.filled(question.another_way),
                    self._ideas([question.asking.why]),
                )
                for question in every
            ),
        )

    def _part(self, part: Part) -> PrintedPart:
        names = {question.name for block in part.blocks for question in block.questions}
        ending = self._response("utter_gate_closed").information if "go_on" in names else ()
        return PrintedPart(
            part.heading,
            tuple(round_ for block in part.blocks for round_ in self._rounds(block)),
            part.is_for_the_team,
            self._ideas(ending),
        )

    def _rounds(self, block: Block) -> Iterable[PrintedRound]:
        questions = tuple(map(self._question, block.questions))
        if block.times == 1:
            return [PrintedRound("", questions, is_last_of_several=False)]
        return [
            PrintedRound(heading, questions, is_last_of_several=place == block.times)
            for place, heading in enumerate(ROUNDS[: block.times], 1)
        ]

    def _question(self, question: Question) -> PrintedQuestion:
        asking = question.asking
        is_read_out = self.speaker is Speaker.PRACTITIONER and bool(asking.tips)
        # A name or a job is written down, or it is not: there is nothing to tick in its place.
        is_of_whoever_fills_it_in = asking.about_self or (self.speaker is Speaker.PRACTITIONER and not is_read_out)
        ranks = asking.choices_from == "outcomes_to_rank"
        return PrintedQuestion(
            number=question.number,
            picture=self._picture(asking.picture),
            condition=question.condition,
            need=question.need,
            leading=self.frame.filled(question.leading),
            wording=self.frame.filled(question.wording),
            information=self._ideas(asking.information),
            hint="" if ranks else self.frame.filled(asking.hint),
            tips=tuple(map(self.frame.filled, asking.tips)) if is_read_out else (),
            choices=tuple(
                PrintedChoice(self.frame.filled(one.label), self._picture(one.picture)) for one in asking.choices
            ),
            has_pictures=any(one.picture for one in asking.choices),
            lines=tuple(f"{place}." if ranks else "" for place in range(1, question.lines + 1)),
            is_skippable=asking.skippable and not is_of_whoever_fills_it_in,
            says_whose=self.speaker is Speaker.ADVOCATE and asking.on_check and not asking.about_self,
            says_how=is_read_out and asking.on_check,
        )

    def _more(self, every: Iterable[Question]) -> Iterable[Told]:
        """Give what a question offers to tell more about, where it does."""
        for question in every:
            for choice in question.asking.choices:
                name = f"utter_about_{choice.id}"
                if (name, self.speaker, self.stage) in self.interview.responses:
                    told = self._response(name)
                    yield Told(choice.label, self._ideas([told.wording, *told.information]))

    def _response(self, name: str) -> Asking:
        return self.interview.response(name, self.speaker, self.stage)

    def _ideas(self, paragraphs: Iterable[str]) -> tuple[str, ...]:
        """Part paragraphs into sentences: on paper, each idea has a line of its own."""
        filled = self.frame.sentences(paragraphs)
        return tuple(sentence for paragraph in filled for sentence in SENTENCE.split(paragraph) if sentence)

    def _picture(self, code: str | None) -> str:
        return self.frame.picture(code) if code else ""
