/** Some user's number that owns nothing: "nobody" nearly everywhere. */
const NOBODY = 65534;

/** Does some work as a user for whom there are read-only folders, which there are not for root. */
export async function asOrdinaryUser<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return await work();
  process.seteuid!(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}
