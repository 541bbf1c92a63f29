// What the team's pages do beyond what they do without any script: printing, and keys that a device keeps (passkeys).
const root = document.documentElement;
document.body.classList.add("js-enabled", "govuk-frontend-supported");

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A page with something to put right is read from there.
document.querySelector(".govuk-error-summary")?.focus();

// What the server asks for and what the device answers, as text that a form can carry (base64url for bytes).
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0)).buffer;
const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

function asked(options) {
  const keys = (list) => (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }));
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.allowCredentials) made.allowCredentials = keys(options.allowCredentials);
  if (options.excludeCredentials) made.excludeCredentials = keys(options.excludeCredentials);
  return made;
}

function answered(key) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (key.response[name]) response[name] = text(key.response[name]);
  if (key.response.getTransports) response.transports = key.response.getTransports();
  return JSON.stringify({
    id: key.id,
    rawId: text(key.rawId),
    type: key.type,
    response,
    clientExtensionResults: key.getClientExtensionResults(),
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.hidden = true;
    const options = { publicKey: asked(JSON.parse(form.dataset.options)) };
    try {
      const key = await navigator.credentials[form.dataset.passkey](options);
      form.elements.answer.value = answered(key);
      form.submit();
    } catch {
      failed.hidden = false;
      failed.focus();
    }
  });
}

import(root.dataset.frontend).then(({ initAll }) => initAll());
