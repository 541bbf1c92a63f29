// Sends the same form as without script, and puts the new turn in the place of the old one.
// Nothing is ever parsed from a string, and the answer box is only replaced by what the server gave.
const PATIENCE = 20000;
// A minute altogether: an engine that has to start anew needs half of it.
const AGAIN_AFTER = [1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000, 8000];

const turn = () => document.getElementById("turn");
const status = () => document.getElementById("status");

let whenShown = () => {};
let sending = false;
let tries = 0;

function failed(form) {
  sending = false;
  const message = document.getElementById("not-kept");
  if (!message) return form.submit(); // before a conversation there is nothing to lose: the server or the browser says it
  if (turn().hasAttribute("data-waiting")) return waitOn();
  turn().querySelector(".app-kept")?.remove(); // it was said of the answer before
  message.hidden = false;
  message.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function show(page, form) {
  const next = page?.getElementById("turn");
  if (!next) return failed(form);
  sending = false;
  // While there is nothing new, what is read or open on the page stays as it is.
  if (turn().hasAttribute("data-waiting") && next.hasAttribute("data-waiting")) return waitOn();
  document.getElementById("not-kept")?.toggleAttribute("hidden", true);
  document.title = page.title;
  const ticked = turn().dataset.showing === next.dataset.showing ? turn().querySelectorAll("input:checked") : [];
  const values = new Set([...ticked].map((input) => `${input.name}=${input.value}`));
  for (const name of ["data-waiting", "data-kept"]) turn().toggleAttribute(name, next.hasAttribute(name));
  turn().dataset.showing = next.dataset.showing;
  turn().replaceChildren(...document.importNode(next, true).childNodes);
  for (const input of turn().querySelectorAll("input[type=radio], input[type=checkbox]"))
    input.checked ||= values.has(`${input.name}=${input.value}`);
  whenShown();
  const problem = turn().querySelector(".govuk-error-summary");
  status().textContent = turn().hasAttribute("data-kept") && !problem ? status().dataset.saved : "";
  const place = problem ?? turn().querySelector("[data-focus]") ?? turn().querySelector("h1");
  place.focus({ preventScroll: true });
  if (place.matches(".govuk-inset-text")) place.scrollIntoView();
  else window.scrollTo(0, 0);
  tries = 0;
  if (turn().hasAttribute("data-waiting")) waitOn();
}

function send(form, button) {
  sending = true;
  status().textContent = "";
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  if (document.getElementById("not-kept")) request.timeout = PATIENCE;
  request.onload = () => {
    // Into a conversation: it takes the place of the pages before it, so that Back does not lead to them.
    if (new URL(request.responseURL).pathname !== location.pathname) location.replace(request.responseURL);
    else if ([200, 422].includes(request.status)) show(request.response, form);
    else failed(form);
  };
  request.onerror = request.ontimeout = () => failed(form);
  request.send(new URLSearchParams(new FormData(form, button)));
}

function waitOn() {
  if (tries === AGAIN_AFTER.length) return;
  setTimeout(() => {
    const form = document.getElementById("step");
    if (turn().hasAttribute("data-waiting") && !sending) send(form, form.querySelector("button[name=do]"));
  }, AGAIN_AFTER[tries++]);
}

export function smoothTurns(then) {
  whenShown = then;
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    tries = 0;
    if (!sending) send(event.target, event.submitter);
  });
  if (turn().hasAttribute("data-waiting")) waitOn();
}
