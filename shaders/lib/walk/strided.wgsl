// Where element i of the result lies in a tensor with other strides: i is split into four coordinates, outermost
// first, and each is multiplied by its stride. An axis that broadcasting repeats has stride 0. Params holds d1, d2 and
// d3, the lengths of the last three axes.

fn element(i: u32, first: u32, strides: vec4u) -> u32 {
  let i2 = i / params.d3;
  let i1 = i2 / params.d2;
  let i0 = i1 / params.d1;
  let place = vec4u(i0, i1 - i0 * params.d1, i2 - i1 * params.d2, i - i2 * params.d3);
  return first + dot(place, strides);
}
