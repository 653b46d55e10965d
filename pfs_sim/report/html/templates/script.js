"use strict";
/* Nothing here is needed to read the report: it sorts, switches and reads values aloud. */
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const make = (tag, attributes = {}, text = "") => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };

  /* Switches: panels become tabs; without this script all of them stand one below the other. */
  let count = 0;
  for (const box of document.querySelectorAll("[data-switch]")) {
    const panels = [...box.children].filter((child) => child.dataset.panel !== undefined);
    if (panels.length < 2) continue;
    const list = make("div", { role: "tablist", class: "tabs", "aria-label": box.getAttribute("aria-label") });
    const tabs = [];
    const choose = (chosen, focus) => {
      tabs.forEach((tab, place) => {
        const on = place === chosen;
        tab.setAttribute("aria-selected", on);
        tab.tabIndex = on ? 0 : -1;
        if (on && focus) tab.focus();
      });
      const all = box.dataset.all !== undefined;
      panels.forEach((panel, place) => panel.classList.toggle("off", !(all && chosen === 0) && place !== chosen - (all ? 1 : 0)));
      if (box.dataset.switch === "contract") {
        for (const link of document.querySelectorAll("nav a[data-section]"))
          link.hash = `#deal-${chosen + 1}-${link.dataset.section}`;
      }
    };
    const names = panels.map((panel) => panel.dataset.panel);
    if (box.dataset.all !== undefined) names.unshift(box.dataset.all);
    names.forEach((name, place) => {
      const tab = make("button", { role: "tab", type: "button", dir: "auto" }, name);
      tab.addEventListener("click", () => choose(place, false));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const target = step ? (place + step + names.length) % names.length : { Home: 0, End: names.length - 1 }[event.key];
        if (target === undefined) return;
        event.preventDefault();
        choose(target, true);
      });
      tabs.push(tab);
      list.append(tab);
    });
    panels.forEach((panel) => {
      panel.id ||= `panel-${++count}`;
      panel.setAttribute("role", "tabpanel");
    });
    const first = box.dataset.all !== undefined ? 1 : 0;
    tabs.forEach((tab, place) => {
      const of = first && place === 0 ? panels : [panels[place - first]];
      tab.setAttribute("aria-controls", of.map((panel) => panel.id).join(" "));
    });
    box.prepend(list);
    choose(box.dataset.switch === "story" && panels.length === 3 ? 1 : 0, false);
  }
  /* A link into a panel that is switched off switches it on. */
  const reveal = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (target.matches("details")) target.open = true;
    const panel = target.closest(".off");
    if (!panel) return;
    document.querySelector(`[role=tab][aria-controls="${panel.id}"]`)?.click();
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  /* Tables: a heading sorts, a second time the other way round. What has no value stays last. */
  const key = (row, place) => {
    const cell = row.cells[place];
    const value = cell.dataset.v;
    return value === undefined ? cell.textContent.trim() : value === "" ? NaN : Number(value);
  };
  const order = (a, b) => {
    if (typeof a === "string") return a.localeCompare(b);
    return Number.isNaN(a) - Number.isNaN(b) || a - b;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      const button = make("button", { type: "button", class: "sort" }, heading.textContent);
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const old = heading.getAttribute("aria-sort");
        const numeric = heading.classList.contains("n");
        const down = old ? old === "ascending" : numeric;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows];
        rows.sort((r, s) => {
          const a = key(r, place), b = key(s, place);
          const none = Number.isNaN(a) - Number.isNaN(b);
          return none || (down ? -1 : 1) * order(a, b);
        });
        body.append(...rows);
      });
    });
  }

  /* Figures: the mark under the pointer, or the next one on an arrow key, says its value. */
  let hint = "Point at or touch a figure, or use ← → on it, to read a value.";
  for (const figure of document.querySelectorAll("figure.chart")) {
    /* A title is a tooltip where there is no script; here it becomes the text that is read out. */
    for (const title of figure.querySelectorAll("svg > * > title")) {
      title.parentNode.dataset.say = title.textContent;
      title.remove();
    }
    if (!figure.querySelector("[data-say]")) continue;
    const line = make("output", { class: "readout", "aria-live": "polite" }, hint);
    hint = "";
    figure.querySelector("figcaption").append(line);
    let now = null;
    const read = (mark) => {
      if (mark === now) return;
      now?.classList.remove("on");
      now = mark;
      now.classList.add("on");
      line.textContent = now.dataset.say;
      line.classList.add("live");
    };
    for (const chart of figure.querySelectorAll("svg.wide, svg.narrow")) {
      const marks = [...chart.querySelectorAll("[data-say]")];
      chart.tabIndex = 0;
      const under = (event) => {
        let mark = document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-say]");
        if (!mark || !chart.contains(mark)) {
          mark = null;
          let best = 40;
          for (const other of marks) {
            const box = other.getBoundingClientRect();
            const dx = Math.max(box.left - event.clientX, 0, event.clientX - box.right);
            const dy = Math.max(box.top - event.clientY, 0, event.clientY - box.bottom);
            const far = dx + dy / 8;
            if (far < best) [best, mark] = [far, other];
          }
        }
        if (mark) read(mark);
      };
      chart.addEventListener("pointermove", under);
      chart.addEventListener("pointerdown", under);
      chart.addEventListener("keydown", (event) => {
        const at = marks.indexOf(now);
        const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? marks.length - 1 : at - 1, Home: 0, End: marks.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        read(marks[Math.min(Math.max(to, 0), marks.length - 1)]);
      });
    }
  }

  /* The contents follow the reader. */
  const links = [...document.querySelectorAll("nav.contents a")];
  if ("IntersectionObserver" in window) {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const link of links) {
          const here = link.hash === `#${entry.target.id}`;
          if (here) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
        }
      }
    }, { rootMargin: "-10% 0px -80% 0px" });
    for (const section of document.querySelectorAll("main section[id]")) seen.observe(section);
  }

  /* On paper everything is open. */
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.figures:not([open])")];
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of closed) one.open = false; });
})();
