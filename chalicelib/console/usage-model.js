// What a month costs, by what drives it. Pure.

/** Groups of the API's units, in the order in which they are drawn. */
export const DRIVERS = [
  {name: "storage", label: "Keeping photos", units: ["stored_byte_months"]},
  {name: "objects", label: "S3 requests", units: ["s3_puts", "s3_gets"]},
  {name: "database", label: "Database", units: ["write_units", "read_units"]},
  {name: "compute", label: "API and functions", units: ["api_requests", "lambda_requests", "lambda_gb_s"]},
  {name: "logs", label: "Logs", units: ["logged_bytes"]},
];

/**
 * @param {Record<string, number>} usdByUnit of GET /usage; a unit that no group names counts to the last
 * @returns {{name: string, label: string, usd: number, share: number}[]} those that cost something
 */
export function drivers(usdByUnit) {
  const known = new Set(DRIVERS.flatMap(({units}) => units));
  const total = sum(Object.values(usdByUnit));
  return DRIVERS.map(({name, label, units}, index) => {
    const others = index === DRIVERS.length - 1 ? Object.keys(usdByUnit).filter((each) => !known.has(each)) : [];
    const usd = sum([...units, ...others].map((each) => usdByUnit[each] ?? 0));
    return {name, label, usd, share: total ? usd / total : 0};
  }).filter(({usd}) => usd > 0);
}

/** Of all cameras together. */
export function totals(items) {
  const usdByUnit = {};
  for (const {usd_by_unit} of items) {
    for (const [unit, usd] of Object.entries(usd_by_unit)) usdByUnit[unit] = (usdByUnit[unit] ?? 0) + usd;
  }
  const of = (field) => sum(items.map((each) => each[field]));
  return {photos: of("photos"), sizeBytes: of("size_bytes"), objects: of("objects"), requests: of("requests"), usdByUnit};
}

/** The latest thirteen months, newest first, such as "2026-11"; in UTC, as the API counts them. */
export function months(nowMs) {
  const now = new Date(nowMs);
  return Array.from({length: 13}, (_, ago) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago)).toISOString().slice(0, 7));
}

const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
