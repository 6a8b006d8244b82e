"use strict";
// Leaving takes this page's place in the history, and whoever goes back to an earlier page of it in the same tab is led away again.
// A page that the browser kept in memory is read anew: answers that were sent are not shown again.
(() => {
  const link = document.querySelector(".leave a");
  const note = (left) => {
    try {
      if (left === undefined) return sessionStorage.getItem("left") === "1";
      left ? sessionStorage.setItem("left", "1") : sessionStorage.removeItem("left");
    } catch { /* a browser that keeps nothing */ }
    return false;
  };
  const leave = () => {
    document.documentElement.hidden = true;
    location.replace(link.href);
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    note(true);
    leave();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  const [how] = performance.getEntriesByType("navigation");
  if (how && how.type === "back_forward" && note()) leave();
  else note(false);
})();
