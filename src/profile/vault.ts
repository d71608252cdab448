/** The vault: a profile's secrets, as a sealed file. Spec: docs/Protocol.md, "Vault". */
import { type Random, wipe } from '../crypto.ts'
import { type Contents, encodeContents, readContents } from './contents.ts'
import { type Cost, formOf, Seal, type SealFault, needsPassphrase as sealNeedsPassphrase } from './seal.ts'

/** Octets: the most buddies and nodes fit ten times. */
export const maxVaultSize = 4 * 1024 * 1024

export type OpenedVault =
  | { readonly kind: 'opened'; readonly vault: Vault; readonly contents: Contents }
  | { readonly kind: 'refused'; readonly why: SealFault }

/** An open vault: knows its keys, and seals new contents under them. */
export class Vault {
  readonly #seal: Seal

  private constructor(seal: Seal) {
    this.#seal = seal
  }

  /** A vault with a new master key. An empty passphrase protects nothing: ask before. */
  static async create(
    passphrase: string,
    options: { readonly random: Random; readonly cost?: Cost },
  ): Promise<Vault> {
    return new Vault(await Seal.create(form, passphrase, options))
  }

  static async open(file: Uint8Array, passphrase: string): Promise<OpenedVault> {
    const opened = await Seal.open(form, file, passphrase)
    if (opened.kind === 'refused') return opened
    const { seal, octets } = opened
    const contents = readContents(octets)
    wipe(octets)
    if (contents === 'newer') return { kind: 'refused', why: contents }
    return contents
      ? { kind: 'opened', vault: new Vault(seal), contents }
      : { kind: 'refused', why: 'damaged' }
  }

  /** The whole file. */
  seal(contents: Contents, random: Random): Uint8Array {
    const octets = encodeContents(contents)
    const file = this.#seal.seal(octets, random)
    wipe(octets)
    return file
  }

  /** Whether this passphrase opens it; costs as much as opening. */
  opensWith(passphrase: string): Promise<boolean> {
    return this.#seal.opensWith(passphrase)
  }

  /** Afterwards it seals nothing that could be opened. */
  wipe(): void {
    this.#seal.wipe()
  }
}

/** Whether the vault was made with a passphrase, or why it cannot be opened with any. */
export const needsPassphrase = (file: Uint8Array): boolean | 'newer' | 'damaged' =>
  sealNeedsPassphrase(form, file)

const form = formOf('otrtalk vault\n\0', 'otrtalk vault contents')
