const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const padded = (value: number) => String(value).padStart(2, "0");

const directives: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => padded(date.getFullYear() % 100),
  m: (date) => padded(date.getMonth() + 1),
  d: (date) => padded(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, " "),
  B: (date) => MONTHS[date.getMonth()] ?? "",
  b: (date) => MONTHS[date.getMonth()]?.slice(0, 3) ?? "",
  A: (date) => DAYS[date.getDay()] ?? "",
  a: (date) => DAYS[date.getDay()]?.slice(0, 3) ?? "",
  H: (date) => padded(date.getHours()),
  I: (date) => padded(date.getHours() % 12 || 12),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  M: (date) => padded(date.getMinutes()),
  S: (date) => padded(date.getSeconds()),
  "%": () => "%",
};

/**
 * The date in local time as Python's `strftime` writes it in the C locale, whatever the reader's language: models were
 * trained on English month names. `%-d` leaves out the padding; an unknown directive stays as it is.
 */
export function strftime(date: Date, format: string): string {
  return format.replaceAll(/%(-?)([a-zA-Z%])/g, (written, bare: string, letter: string) => {
    const text = directives[letter]?.(date);
    if (text === undefined) return written;
    return bare === "" ? text : text.replace(/^[0 ](?=.)/, "");
  });
}
