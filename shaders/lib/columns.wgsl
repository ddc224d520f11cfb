// with: lib/weight/f32
// Four values of each of four columns of a weight `[columns, k]`, transposed: vector j of the result is value k + j of
// the four.

fn load_columns(columns: vec4u, k: u32) -> mat4x4f {
  return transpose(mat4x4f(
    load_weight4(columns.x, k),
    load_weight4(columns.y, k),
    load_weight4(columns.z, k),
    load_weight4(columns.w, k),
  ));
}
