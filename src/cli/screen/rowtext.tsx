/** The text of a row: what is looked for stands out, links in what is said are underlined. */
import { Text } from 'ink'
import type { ReactElement } from 'react'
import { noText, type SafeText, slice } from '../safetext.ts'
import { type Find, occurrences } from './find.ts'
import { isPlain, type Link, linkEnd, linkStart, linksIn } from './links.ts'
import type { Look } from './look.ts'
import type { WindowRow } from './window.ts'

export interface RowTextProps {
  readonly row: WindowRow
  readonly find: Find | undefined
  readonly look: Look
}

export function RowText({ row, find, look }: RowTextProps): ReactElement {
  const { whole, text } = row
  const start = row.start ?? 0
  const isSaid = row.kind === 'theirs' || row.kind === 'ours' // here and now
  const links = row.start !== undefined && isSaid ? linksOf(whole, noText) : []
  const found = row.start === undefined ? [] : occurrencesOf(whole, find?.query ?? noText)
  if (links.length === 0 && found.length === 0) return <>{text}</>
  const edges = [...links.flatMap(({ from, until }) => [from, until]), ...found.flat()]
    .map((offset) => offset - start)
    .filter((offset) => offset > 0 && offset < text.length)
  const cuts = [...new Set([0, ...edges, text.length])].toSorted((a, b) => a - b)
  const isShown = find?.seq === row.seq
  return (
    <>
      {cuts.slice(1).map((until, i) => {
        const from = cuts[i]!
        const at = start + from
        const link = links.find((each) => each.from <= at && at < each.until)
        const isFound = found.some(([from, until]) => from <= at && at < until)
        return (
          <Text key={from} underline={link !== undefined} inverse={isFound} bold={isFound && isShown}>
            {linked(slice(text, from, until), { link, look, name: `${row.seq}.${link?.from}` })}
          </Text>
        )
      })}
    </>
  )
}

interface Linked {
  readonly link: Link | undefined
  readonly look: Look
  /** The same for all parts of one link. */
  readonly name: string
}

function linked(text: SafeText, { link, look, name }: Linked): string {
  return link && look.hasLinks && isPlain(link) ? linkStart(link, name) + text + linkEnd : text
}

/** All rows of a line ask for the same, one after another. */
function lastOf<Found>(look: (whole: SafeText, query: SafeText) => Found): typeof look {
  let last: { readonly whole: SafeText; readonly query: SafeText; readonly found: Found } | undefined
  return (whole, query) => {
    if (last?.whole !== whole || last.query !== query) last = { whole, query, found: look(whole, query) }
    return last.found
  }
}

const linksOf = lastOf(linksIn)
const occurrencesOf = lastOf(occurrences)
