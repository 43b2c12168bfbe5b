(() => {
  "use strict";
  const root = document.documentElement, store = "cnnzoo-theme";
  const remembered = () => { try { return localStorage.getItem(store); } catch { return null; } };
  if (remembered()) root.dataset.theme = remembered();
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem(store, root.dataset.theme); } catch { /* a page from a file may have no storage */ }
  });

  const island = document.getElementById("cells"), cells = island ? JSON.parse(island.textContent) : {};
  const hint = document.getElementById("hint"), usual = hint.textContent;
  const panel = document.getElementById("cell"), images = document.getElementById("cell-images");
  let pressed = null;
  const say = () => { hint.textContent = pressed ? pressed.dataset.hint : usual; };
  const show = button => {
    if (pressed) pressed.removeAttribute("aria-pressed");
    pressed = pressed === button ? null : button;
    images.replaceChildren();
    if (pressed) {
      pressed.setAttribute("aria-pressed", "true");
      for (const { src, text } of cells[pressed.dataset.cell] ?? []) {
        const figure = document.createElement("figure"), image = new Image();
        image.src = src;
        image.alt = "";
        figure.append(image, text);
        images.append(figure);
      }
    }
    panel.hidden = images.childElementCount === 0;
    say();
  };
  for (const button of document.querySelectorAll("[data-cell]")) {
    button.addEventListener("mouseenter", () => { hint.textContent = button.dataset.hint; });
    button.addEventListener("mouseleave", say);
    button.addEventListener("focus", () => { hint.textContent = button.dataset.hint; });
    button.addEventListener("blur", say);
    button.addEventListener("click", () => show(button));
  }
})();
