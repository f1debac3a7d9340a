// Tries out operations that only read, as whoever is logged in, and finds operations by a word. Knows no operation: all
// of them stand on the page.
"use strict";

(() => {
  const SHOWN_MAX = 200_000;

  // -- Finding ---------------------------------------------------------------------------------------------------------
  const search = document.getElementById("api-search");

  function find() {
    const wanted = search.value.trim().toLowerCase().split(/\s+/u).filter(Boolean);
    for (const section of document.querySelectorAll("[data-tag]")) {
      let some = false;
      for (const operation of section.querySelectorAll("[data-words]")) {
        const words = `${section.dataset.tag} ${operation.dataset.words}`.toLowerCase();
        operation.hidden = !wanted.every((word) => words.includes(word));
        some ||= !operation.hidden;
      }
      section.hidden = !some;
    }
  }

  search?.addEventListener("input", find);

  // -- Places ----------------------------------------------------------------------------------------------------------
  function open() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView({ block: "start" });
    }
  }

  addEventListener("hashchange", open);
  open();

  // -- Trying ----------------------------------------------------------------------------------------------------------
  function address(form) {
    const query = new URLSearchParams();
    let path = form.dataset.path;
    for (const field of form.querySelectorAll("input[name]")) {
      if (field.dataset.in === "path") path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
      else if (field.value !== "") query.set(field.name, field.value);
    }
    return query.size ? `${path}?${query}` : path;
  }

  function pretty(text, type) {
    if (!/json/u.test(type)) return text;
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  }

  async function attempt(form) {
    const place = form.parentElement.querySelector(".answer");
    const [status, body] = [place.querySelector(".status"), place.querySelector("pre")];
    place.hidden = false;
    body.textContent = "";
    const path = address(form);
    status.textContent = `GET ${path} …`;
    try {
      const response = await fetch(path, { credentials: "same-origin", headers: { Accept: "application/json" } });
      const text = pretty(await response.text(), response.headers.get("content-type") ?? "");
      status.textContent = `GET ${path} → ${response.status}`;
      body.textContent = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}\n…` : text;
    } catch (error) {
      status.textContent = `GET ${path}: the station does not answer (${error.message}).`;
    }
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.attempt")) return;
    event.preventDefault();
    attempt(event.target);
  });
})();
