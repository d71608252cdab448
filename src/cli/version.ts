/** As in package.json, which a test compares; the bundle need not carry that file. */
export const version = '1.0.0-alpha.1'
