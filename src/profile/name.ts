/** Whether a profile can have this name, which is a folder's, in all file systems. */
export const isProfileName = (name: string): boolean => /^[a-z\d][a-z\d._-]{0,31}$/i.test(name)
