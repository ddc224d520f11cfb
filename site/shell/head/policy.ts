/** Additional permissions of a page, by its folder. */
const more: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Models come from whatever host the visitor names.
  generate: { "connect-src": "https: http://localhost:* http://127.0.0.1:*" },
  translate: { "connect-src": "https: http://localhost:* http://127.0.0.1:*" },
  search: { "connect-src": "https: http://localhost:* http://127.0.0.1:*" },
  // onnxruntime-web compiles functions from texts.
  peers: { "script-src": "'unsafe-eval'" },
};

const usual = {
  "default-src": "'self'",
  // No inline scripts; a grammar's compiler is WebAssembly.
  "script-src": "'self' 'wasm-unsafe-eval'",
  // Plots and the editor create styles as they draw.
  "style-src": "'self' 'unsafe-inline'",
  "img-src": "'self' data: blob:",
  "connect-src": "'self' data: blob:",
  "worker-src": "'self' blob:",
  "object-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
} as const;

/** The content security policy of a page by its path in the site, such as `/generate/index.html`. */
export function policyOf(path: string): string {
  const added = more[path.split("/")[1] ?? ""] ?? {};
  return Object.entries(usual)
    .map(([directive, sources]) => [directive, sources, added[directive]].filter(Boolean).join(" "))
    .join("; ");
}
