/** The state of the model on the visitor's device. */
export type Live =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly says: string }
  | { readonly kind: "writing" }
  | { readonly kind: "done"; readonly says: string }
  | { readonly kind: "failed"; readonly says: string };

/** Its announcements for screen readers: each state once, without progress. Failures are separate alerts. */
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
