// Reads a page aloud, a sentence at a time, with a voice that lives on this device. Where there is none, nothing of
// this is shown: other voices send what they read away. What the person said is read only when they ask for it.
const PAUSE = 50; // Some browsers swallow what is spoken straight after a cancel.
const RATE = 0.9;
const READ = "h1, h2, h3, legend, p, li, label, .govuk-hint, .app-buttons button, .app-continue button, blockquote";
const NOT_READ = ".app-words, .govuk-visually-hidden, script";

const speech = window.speechSynthesis;
const language = document.documentElement.lang.toLowerCase();
const reader = () => document.getElementById("reader");
const button = (name) => reader().querySelector(`[data-aloud=${name}]`);

let voice = null;
let isTold = false; // that it makes a sound
let reading = 0; // which reading this is: a later one, or a stop, ends the one before

function findVoice() {
  const spoken = (one) => one.lang.toLowerCase().replace("_", "-");
  const here = speech.getVoices().filter((one) => one.localService && spoken(one).split("-")[0] === language.split("-")[0]);
  return here.find((one) => spoken(one) === language) ?? here[0] ?? null;
}

// Everything to be read, in its order: each piece once, and nothing that is folded away.
function pieces(root, withWords) {
  const found = [];
  for (const element of root.querySelectorAll(READ)) {
    if (found.some((one) => one.contains(element)) || element.offsetParent === null) continue;
    if (element.closest(".app-more, .app-outside, .app-easier, details:not([open])")) continue;
    if (!withWords && element.closest(".app-words")) continue;
    found.push(element);
  }
  return found;
}

function text(element, withWords) {
  const copy = element.cloneNode(true);
  const silent = withWords ? NOT_READ.replace(".app-words, ", "") : NOT_READ;
  for (const one of copy.querySelectorAll(silent)) one.remove();
  return copy.textContent.replace(/\s+/g, " ").trim();
}

function sentences(words) {
  if (!window.Intl?.Segmenter) return words.split(/(?<=[.?!])\s+/);
  return [...new Intl.Segmenter(language, { granularity: "sentence" }).segment(words)].map((one) => one.segment);
}

function show(isReading) {
  button("stop").hidden = !isReading;
  for (const name of ["page", "words"]) button(name).hidden = isReading;
  if (!isReading) button("words").hidden = !document.querySelector("#turn .app-words:not(details .app-words)");
}

export function stopReading() {
  reading += 1;
  speech?.cancel();
  document.querySelector(".app-spoken")?.classList.remove("app-spoken");
  if (reader() && voice) show(false);
}

function read(withWords) {
  stopReading();
  const mine = reading;
  const parts = pieces(document.getElementById("turn"), withWords).flatMap((element) =>
    sentences(text(element, withWords)).filter(Boolean).map((words) => ({ element, words })),
  );
  show(true);
  const next = () => {
    if (mine !== reading) return;
    document.querySelector(".app-spoken")?.classList.remove("app-spoken");
    const part = parts.shift();
    if (!part) return show(false);
    part.element.classList.add("app-spoken");
    const utterance = new SpeechSynthesisUtterance(part.words);
    Object.assign(utterance, { voice, lang: voice.lang, rate: RATE, onend: next });
    utterance.onerror = () => mine === reading && stopReading();
    speech.speak(utterance);
  };
  setTimeout(next, PAUSE);
}

function press(name) {
  if (name === "stop") return stopReading();
  if (!isTold) {
    isTold = true;
    document.getElementById("reader-first").textContent = "This will make a sound. Press again to hear it.";
    return;
  }
  document.getElementById("reader-first").textContent = "";
  read(name === "words");
}

function offer() {
  voice = findVoice();
  const choice = document.getElementById("aloud-choice");
  if (choice) choice.hidden = !voice;
  if (!reader()) return;
  reader().hidden = !voice;
  if (voice) show(false);
}

// Another question is there: what is offered for it, and whether any words of the person stand beside it.
export function newTurn() {
  if (reader() && voice) stopReading();
}

export function readAloud() {
  if (!speech) return;
  offer();
  speech.addEventListener?.("voiceschanged", () => voice || offer());
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.("[data-aloud]");
    if (pressed) press(pressed.dataset.aloud);
    else if (event.target.closest?.("a[href]:not([href^='#'])")) stopReading();
  });
  document.addEventListener("submit", stopReading, { capture: true });
  window.addEventListener("pagehide", stopReading);
  document.addEventListener("visibilitychange", () => document.hidden && stopReading());
}
