// What the pages do beyond what they do without any script: nothing here is needed to answer or to leave.
import { leaveQuickly } from "./leave.js";
import { smoothTurns } from "./smooth.js";
import { newTurn, readAloud } from "./speak.js";

const root = document.documentElement;
document.body.classList.add("js-enabled", "govuk-frontend-supported");

const showPrinting = () => document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));

leaveQuickly();
smoothTurns(() => {
  showPrinting();
  newTurn();
});
readAloud();
showPrinting();

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});

// What belongs to an answer given in one way: the person's own language, beside an interpreter's English.
document.addEventListener("change", (event) => {
  const opened = document.getElementById(event.target.dataset?.opens);
  if (opened) opened.open = true;
});

import(root.dataset.frontend).then(({ initAll }) => initAll());
