// The lowest f32 that is finite. Where maxima begin, so that a row of minus infinities has something to be subtracted.

const LOWEST_FLOAT: f32 = -0x1.fffffep+127;
