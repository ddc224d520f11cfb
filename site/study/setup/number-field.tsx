interface NumberFieldProps {
  readonly name: string;
  readonly title?: string;
  readonly value: number;
  readonly least?: number;
  readonly most?: number;
  readonly onChange: (to: number) => void;
}

/** A field for an integer; anything else is taken back. */
export function NumberField({ name, title, value, least = 1, most, onChange }: NumberFieldProps) {
  return (
    <label class="small" title={title}>
      {name}{" "}
      <input
        type="number"
        class="short"
        min={least}
        max={most}
        value={value}
        onChange={({ currentTarget }) => {
          const to = Number(currentTarget.value);
          if (Number.isInteger(to) && to >= least && to <= (most ?? to)) onChange(to);
          else currentTarget.value = String(value);
        }}
      />
    </label>
  );
}
