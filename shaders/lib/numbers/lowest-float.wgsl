// The lowest finite f32. Maxima begin here: a row of minus infinities then subtracts this, and not minus infinity from
// itself, which is NaN. LOWEST of lib/online-softmax is another number: the mark of masked scores, so far from the end
// of f32 that any score can be subtracted from it.

const LOWEST_FLOAT: f32 = -0x1.fffffep+127;
