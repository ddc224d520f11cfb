// Names in links for models trained here.

const prefix = "trained:";

/** The name in a link of a model trained here. */
export const trainedLink = (name: string): string => `${prefix}${name}`;

/** True for a link's name of a model trained here. */
export const isTrained = (link: string): boolean => link.startsWith(prefix);

/** The model's own name. */
export const trainedName = (link: string): string => link.slice(prefix.length);
