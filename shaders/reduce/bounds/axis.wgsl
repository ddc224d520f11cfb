// Segments are the elements of an axis: all as long, and each row counts fully.

fn segment_rows(i: u32) -> vec2u {
  return vec2u(i, i + 1) * params.length;
}

fn weight_of(row: u32) -> f32 {
  return 1.0;
}
