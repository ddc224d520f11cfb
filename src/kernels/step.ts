/** Rows of a step (`lib/step`), and so most sequences that run and are sampled together. */
export const maxBatch = 64;
