// with: lib/wide-int4-groups
// Weights stored as lib/weight/int4-64 says, 32 at a time.

const GROUP: u32 = 64;
