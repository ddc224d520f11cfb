/** What the model on the visitor's own device does. */
export type Live =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly says: string }
  | { readonly kind: "writing" }
  | { readonly kind: "done"; readonly says: string }
  | { readonly kind: "failed"; readonly says: string };

/** What a screen reader announces of it: each state once, without its progress. A failure is an alert of its own. */
export function spokenWords(live: Live): string {
  switch (live.kind) {
    case "loading":
      return "Loading the model";
    case "writing":
      return "Writing";
    case "done":
      return live.says;
    case "none":
    case "failed":
      return "";
  }
}
