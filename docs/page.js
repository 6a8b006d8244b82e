// Shows the server's own document. The key is not kept: it would stay in the browser's localStorage, beyond the tab.
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  defaultModelsExpandDepth: 0, // a slow machine draws the schemas only for whoever opens them
  persistAuthorization: false,
  syntaxHighlight: false, // its colours cannot be told from their ground
  validatorUrl: null,
});

// Swagger UI leaves some controls without a name, and some where a keyboard does not reach them.
const names = { "#servers": "Server", ".close-modal": "Close", ".operation-filter-input": "Show the operations of a tag", "textarea.body-param__text": "Body of the request", ".curl-command textarea": "Command" };
const root = document.getElementById("swagger-ui");
const each = (selector, mend) => root.querySelectorAll(selector).forEach(mend);

function mend() {
  for (const [selector, name] of Object.entries(names)) each(`${selector}:not([aria-label])`, (control) => control.setAttribute("aria-label", name));
  each(".auth-btn-wrapper button[aria-label]", (button) => button.removeAttribute("aria-label")); // it says what the button does not show
  each(".opblock-summary-control a[href]", (link) => link.removeAttribute("href")); // the button around it does the same
  each(".microlight:not([tabindex])", (example) => example.setAttribute("tabindex", "0"));
}
new MutationObserver(mend).observe(root, { childList: true, subtree: true });
