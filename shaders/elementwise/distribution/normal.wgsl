// The normal distribution of mean 0 and variance 1, two numbers from two words (Box and Muller 1958):
// √(-2 ln(1 - u)) · (cos 2πv, sin 2πv). The largest magnitude is 5.77.
//
// WGSL promises only 2^-11 for cos and sin, so they are series here: 4v is a number of quarter turns and a rest of at
// most an eighth of a turn, whose series end below 2^-24.

fn distribution(words: vec2u) -> vec2f {
  let radius = sqrt(-2.0 * log(1.0 - uniform01(words.x)));
  let quarters = 4.0 * uniform01(words.y);
  let turn = floor(quarters + 0.5);
  let angle = (quarters - turn) * 1.5707963268;
  let a = angle * angle;
  let sine = angle * (1.0 - a * (1.0 / 6.0 - a * (1.0 / 120.0 - a * (1.0 / 5040.0 - a * (1.0 / 362880.0)))));
  let cosine = 1.0 - a * (0.5 - a * (1.0 / 24.0 - a * (1.0 / 720.0 - a * (1.0 / 40320.0))));
  switch (u32(turn) % 4) {
    case 1: { return radius * vec2f(-sine, cosine); }
    case 2: { return radius * vec2f(-cosine, -sine); }
    case 3: { return radius * vec2f(sine, -cosine); }
    default: { return radius * vec2f(cosine, sine); }
  }
}
