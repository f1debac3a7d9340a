// The login: a scanned badge leads on to the PIN, and who is logged in already goes on to where they wanted.
"use strict";

const badge = document.getElementById("badge");
const pin = document.getElementById("pin");

// Scanners end with Enter, which would send the form.
badge?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && badge.value && !pin.value) {
    event.preventDefault();
    pin.focus();
  }
});

// A link from another site brings no cookie along, so that the station has asked for a login that is there.
const asked = new URLSearchParams(location.search);
if (asked.get("next") && !asked.has("switch") && !document.querySelector("[role=alert]")) {
  fetch("/login/state", { headers: { Accept: "application/json" } })
    .then((answer) => answer.json())
    .then((known) => {
      const next = new URL(asked.get("next"), location.origin);
      if (known.logged_in && next.origin === location.origin) location.replace(next);
    })
    .catch(() => {});
}
