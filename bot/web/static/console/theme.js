// Light or dark before anything is painted, where the user leaves it to the system.
const root = document.documentElement;
if (root.dataset.themeChoice === "system") {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  follow();
  dark.addEventListener("change", follow);
}
