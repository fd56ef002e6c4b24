/* Sets the theme before anything is drawn: the one that was chosen, else the one of the system. */
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem("crispml-theme");
  const show = () => {
    document.documentElement.dataset.bsTheme = chosen() || (system.matches ? "dark" : "light");
    document.dispatchEvent(new Event("crispml-theme"));
  };
  system.addEventListener("change", show);
  window.crispmlTheme = () => {
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("crispml-theme", next);
    show();
  };
  show();
})();
