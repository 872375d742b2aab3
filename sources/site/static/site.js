// Formulas by KaTeX; the meaning of a glossary's term when one points at it, or reaches it with the Tab key.
(() => {
  const draw = (node) => katex.render(node.textContent, node, {
    displayMode: node.tagName === "DIV", throwOnError: false, strict: "ignore",
  });

  function formulas() {
    for (const node of document.querySelectorAll(".math")) draw(node);
    window.addEventListener("resize", reachable);
    document.fonts.ready.then(reachable);
    reachable();
  }

  // what scrolls sideways must be reachable without a mouse
  function reachable() {
    for (const node of document.querySelectorAll("div.math")) {
      if (node.scrollWidth > node.clientWidth) node.tabIndex = 0;
      else node.removeAttribute("tabindex");
    }
  }

  const box = document.createElement("div");
  box.id = "meaning"; box.setAttribute("role", "tooltip"); box.hidden = true;

  function show(term) {
    box.replaceChildren();
    term.dataset.meaning.split(/\$([^$]+)\$/).forEach((part, i) => {
      const node = document.createElement("span");
      node.textContent = part;
      if (i % 2) draw(node);
      box.append(node);
    });
    const chinese = document.createElement("span");
    chinese.lang = "zh"; chinese.textContent = term.dataset.chinese;
    box.append(" ", chinese);
    box.hidden = false;
    term.setAttribute("aria-describedby", box.id);
    const at = term.getBoundingClientRect(), margin = 8;
    const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - margin);
    const above = at.bottom + box.offsetHeight + margin > window.innerHeight;
    box.style.left = `${Math.max(margin, left) + window.scrollX}px`;
    box.style.top = `${(above ? at.top - box.offsetHeight - 4 : at.bottom + 4) + window.scrollY}px`;
  }

  function hide() {
    box.hidden = true;
    document.querySelector("[aria-describedby=meaning]")?.removeAttribute("aria-describedby");
  }

  function terms() {
    document.body.append(box);
    for (const [begin, end] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      document.addEventListener(begin, (event) => { const term = event.target.closest?.("a.term"); if (term) show(term); });
      document.addEventListener(end, (event) => { if (event.target.closest?.("a.term")) hide(); });
    }
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  }

  formulas();
  terms();
})();
