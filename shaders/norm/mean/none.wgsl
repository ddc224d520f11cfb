// Rows are not centred: root-mean-square norm.

fn mean_of(row: u32) -> f32 {
  return 0.0;
}
