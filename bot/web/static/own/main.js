// What the pages do beyond what they do without any script: nothing here is needed to answer or to leave.
import { leaveQuickly } from "./leave.js";
import { smoothTurns } from "./smooth.js";

const root = document.documentElement;
document.body.classList.add("js-enabled", "govuk-frontend-supported");

const showPrinting = () => document.querySelectorAll("[data-print]").forEach((button) => (button.hidden = false));

leaveQuickly();
smoothTurns(showPrinting);
showPrinting();

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
});

import(root.dataset.frontend).then(({ initAll }) => initAll());
