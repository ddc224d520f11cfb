// An argument kept within ±limit, for functions that have reached their limits there. NaN stays NaN: clamp may drop it.
// Vector is one f32 or four.

fn bounded(x: Vector, limit: f32) -> Vector {
  return select(x, clamp(x, Vector(-limit), Vector(limit)), abs(x) > Vector(limit));
}
