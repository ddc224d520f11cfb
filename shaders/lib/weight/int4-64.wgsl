// with: lib/int4-groups
// Weights of four bits with a scale and a zero point for each 64 elements.

const GROUP: u32 = 64;
