// The console works without scripts; these few lines are for what only a browser can do.

// A page that looks again by itself says so when it can't, and goes on when it can.
const trouble = document.getElementById("trouble");
for (const [event, lost] of [["htmx:error", true], ["htmx:response:error", true], ["htmx:after:swap", false]]) {
  document.addEventListener(event, () => { trouble.hidden = !lost; });
}

// Menus close by Escape and by a click beside them, as everywhere else.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.me[open], details.ask[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.me[open], details.ask[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

// A conversation is read from its end.
for (const talk of document.querySelectorAll("[data-from-the-end]")) talk.scrollTop = talk.scrollHeight;
