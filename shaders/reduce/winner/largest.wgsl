// with: lib/numbers/is-nan, lib/no-index
// Of a maximum: the first row that has it, or the first with NaN, which is the maximum where there is one.

@group(0) @binding(5) var<storage, read> x: array<f32>;  // [t, c]

fn winner_of(rows: vec2u, column: u32) -> u32 {
  var winner = NO_INDEX;
  var most = 0.0;
  for (var row = rows.x; row < rows.y; row++) {
    let weight = weight_of(row);
    if (weight == 0.0) { continue; }
    let value = weight * x[row * params.c + column];
    let is_more = winner == NO_INDEX || (!is_nan(most) && (is_nan(value) || value > most));
    most = select(most, value, is_more);
    winner = select(winner, row, is_more);
  }
  return winner;
}

fn has_part(row: u32, winner: u32) -> bool {
  return row == winner;
}
