/** The pages of the site in the order of their links, each in its own folder. */
export const pages = [
  ["course", "Course"],
  ["generate", "Generate"],
  ["search", "Search"],
  ["translate", "Translate"],
  ["train", "Train"],
  ["attention", "Attention"],
  ["study", "Study"],
  ["peers", "Peers"],
] as const;
