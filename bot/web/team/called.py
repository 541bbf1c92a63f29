"""What stages, speakers and flags are called on the team's pages: in headings and in the middle of sentences alike."""

from datetime import datetime

from bot.conversation import Speaker, Stage
from bot.flags import FlagKind

STAGES = {
    Stage.FIRST: "First conversation",
    Stage.CHECK_IN: "Check-in",
    Stage.CLOSING: "Closing review",
    Stage.EXPERIENCE: "How it was for them",
}

SPEAKERS = {
    Speaker.PERSON: "The person",
    Speaker.ADVOCATE: "An advocate",
    Speaker.PRACTITIONER: "A practitioner with the person",
}

FLAGS = {
    FlagKind.IN_DANGER_NOW: "They may be in danger now",
    FlagKind.THOUGHTS_OF_ENDING_LIFE: "They may be thinking of ending their life",
    FlagKind.TOLD_WHAT_HAPPENED: "They told something of what happened to them",
    FlagKind.SOMEONE_NOT_CHOSEN: "Somebody is with them whom they did not choose",
    FlagKind.NOT_SAFE_TO_TALK: "They said that it was not safe to talk",
    FlagKind.ADVOCATE_WANTED: "They want someone to speak for them",
    FlagKind.STOPPED_EARLY: "They stopped before the end",
    FlagKind.TAKEN_BACK: "They took something back",
}
"""A flag asks for something to be read soon. It says what was said, and never what is so."""

STEPS_OF_TIME = (("week", 7 * 24 * 60), ("day", 24 * 60), ("hour", 60), ("minute", 1))
"""Minutes."""


def as_age(moment: datetime, now: datetime) -> str:
    """Say how long ago something was, in the largest part of time of which two have passed: 36 hours, 9 days."""
    minutes = int((now - moment).total_seconds() // 60)
    for name, length in STEPS_OF_TIME:
        if minutes >= 2 * length:
            return f"{minutes // length} {name}s"
    return "1 minute" if minutes == 1 else "less than a minute"
