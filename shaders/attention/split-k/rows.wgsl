// Token and head of each row of a block, counted up because division costs more than all else in splitK. Rows past the
// end repeat the last.

fn name_rows(
  block: u32,
  group: u32,
  rows: u32,
  token: ptr<function, array<u32, ROWS>>,
  head: ptr<function, array<u32, ROWS>>,
) {
  let heads = params.h / params.g;
  (*token)[0] = block * ROWS / heads;
  (*head)[0] = group * heads + block * ROWS % heads;
  for (var r = 1u; r < ROWS; r++) {
    let next = select(0u, 1u, r < rows);
    let wraps = (*head)[r - 1] + next == (group + 1) * heads;
    (*head)[r] = select((*head)[r - 1] + next, group * heads, wraps);
    (*token)[r] = (*token)[r - 1] + select(0u, 1u, wraps);
  }
}
