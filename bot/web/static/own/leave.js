// Leaving quickly: the page is blank at once, whatever the network does, and Back does not bring it back.
const WITHIN = 5000;

function leave() {
  window.speechSynthesis?.cancel();
  document.documentElement.classList.add("app-gone");
  document.title = "New tab";
  navigator.sendBeacon("/left");
  window.location.replace("/leave");
}

export function leaveQuickly() {
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.(".app-leave") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    leave();
  });

  // Shift three times, pressed by itself: a capital letter does not count.
  let times = [];
  let alone = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Shift") {
      alone = alone || !event.repeat;
    } else {
      alone = false;
      times = [];
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    alone = false;
    times = [...times.filter((time) => event.timeStamp - time < WITHIN), event.timeStamp];
    if (times.length === 3) leave();
  });

  // The pages before a conversation say what this is about: one of them alone is in the browser's history.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/']:not(.app-leave, [href^='/static/'])");
    if (!link || window.location.pathname.startsWith("/conversation") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    window.location.replace(link.href);
  });

  // A page that the browser put aside and shows again may belong to a visit that is over.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
}
