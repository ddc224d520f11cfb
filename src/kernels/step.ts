/** Rows of a step (`lib/step`): the maximum number of sequences that run and are sampled together. */
export const maxBatch = 64;
