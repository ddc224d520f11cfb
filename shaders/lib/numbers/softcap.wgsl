// Soft-caps numbers between -cap and cap (Gemma 2, section 2): cap · tanh(x / cap). Vector is one f32 or four; the
// kernel defines params.cap.
//
// NaN and infinities stay as they are, so that checks find them. Beyond FURTHEST tanh is 1 in f32, and its intermediate
// values might not be finite; below NEAREST it is the difference of two exponentials close to 1, and its series
// is exact.

const FURTHEST: f32 = 10.0;
const NEAREST: f32 = 0.25;

fn capped(x: Vector) -> Vector {
  let u = x / params.cap;
  let square = u * u;
  let series = u + u * square * (-1.0 / 3.0 + square * (2.0 / 15.0 - square * (17.0 / 315.0)));
  let bent = select(tanh(clamp(u, Vector(-FURTHEST), Vector(FURTHEST))), series, abs(u) < Vector(NEAREST));
  return select(params.cap * bent, x, (bitcast<Bits>(x) & Bits(0x7f800000)) == Bits(0x7f800000));
}
