// The value for no index: no row, no slot, no token.

const NO_INDEX: u32 = 0xffffffff;
