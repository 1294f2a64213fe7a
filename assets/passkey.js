// Passkeys on server-rendered pages: asks the browser, puts its answer into the form, and lets the form go its ordinary way.
(function () {
  "use strict";
  var CANCELLED = "Nothing was done. Try again, or go on without a passkey.";

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) {
      return letter.charCodeAt(0);
    });
  }

  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function listed(credentials) {
    return (credentials || []).map(function (one) {
      return { id: bytes(one.id), type: one.type, transports: one.transports };
    });
  }

  function create(options) {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = listed(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }

  function get(options) {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = listed(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  }

  function answer(made) {
    var response = { clientDataJSON: text(made.response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (made.response[name]) response[name] = text(made.response[name]);
    });
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response: response });
  }

  function ask() {
    return fetch("/api/passkey", { method: "POST" }).then(function (reply) {
      return reply.json().then(function (body) {
        if (!reply.ok) throw new Error(body.error.message);
        return body;
      });
    });
  }

  function wire(button) {
    var form = button.closest("form");
    var said = form.querySelector("[data-passkey-said]");
    var isNew = button.dataset.passkey === "create";
    if (!window.PublicKeyCredential) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      button.disabled = true;
      said.textContent = "";
      // Parsed anew on each try: what is handed to the browser is changed on the way.
      var made = isNew ? create(JSON.parse(button.dataset.options)) : ask().then(get);
      made
        .then(function (found) {
          form.elements.passkey.value = answer(found);
          form.submit();
        })
        .catch(function (error) {
          var isBrowser = error instanceof DOMException;
          said.textContent = isBrowser ? CANCELLED : error.message;
          button.disabled = false;
        });
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-passkey]").forEach(wire);
  });
})();
