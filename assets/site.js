// Server-rendered pages only. Loaded in <head> before the styles apply, so that the chosen theme is there at first paint;
// every page also works without it.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem("theme");
    } catch (error) {
      return null;
    }
  }

  function paint() {
    var theme = chosen();
    if (theme !== "light" && theme !== "dark") theme = dark.matches ? "dark" : "light";
    root.classList.remove("light", "dark");
    root.classList.add(theme);
  }

  function wireReveal(button) {
    var input = document.getElementById(button.getAttribute("aria-controls"));
    button.hidden = false;
    button.addEventListener("click", function () {
      var shown = input.type === "password";
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
      button.firstElementChild.textContent = shown ? "Hide" : "Show";
      input.focus();
    });
    // A password manager and the next page must never see it as plain text.
    input.form.addEventListener("submit", function () {
      input.type = "password";
    });
  }

  function wireOnce(form) {
    form.addEventListener("submit", function (event) {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
    });
  }

  paint();
  dark.addEventListener("change", paint);
  window.addEventListener("storage", paint);
  // Coming back with the back button: the form may be sent again.
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form").forEach(function (form) {
      delete form.dataset.sent;
    });
  });
  document.addEventListener("DOMContentLoaded", function () {
    // A page that is still going on looks again by itself, unless somebody reads elsewhere.
    var again = document.querySelector("[data-again]");
    if (again) {
      window.setInterval(function () {
        if (!document.hidden) window.location.reload();
      }, Number(again.dataset.again));
    }
    document.querySelectorAll("[data-reveal]").forEach(wireReveal);
    document.querySelectorAll("form[method=post]").forEach(wireOnce);
  });
})();
