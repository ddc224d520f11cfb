// What stands where there is no index: no row, no slot, no token.

const NO_INDEX: u32 = 0xffffffff;
