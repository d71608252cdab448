/** What the pages of `/help` and `/keys` say, row by row. */
import { type SafeText, words } from './safetext.ts'

export const help: readonly SafeText[] = [
  words`/info          how you are connected, and since when`,
  words`/why           which ways to the buddy were tried, and what would help`,
  words`/verify        make sure who it is, by a question that only your buddy can answer`,
  words`/answer        answer a question of your buddy's; what you type is not shown`,
  words`/cancel        end a verification, or refuse to answer`,
  words`/fingerprint   your buddy's key and yours, to compare`,
  words`/reply         answer a line of your buddy's: /reply TEXT, or /reply 2 TEXT for the last but one`,
  words`/edit          change what you said last: /edit TEXT, or /edit 2 TEXT`,
  words`/delete        take back what you said last, or /delete 2; it may have been kept there`,
  words`/original      what an edited line was at first`,
  words`/send          offer a file or a folder: /send PATH`,
  words`/accept        take what is offered: /accept, /accept 2, /accept FOLDER, /accept 2 FOLDER`,
  words`/reject        refuse what is offered`,
  words`/pause         let a transfer rest, also /pause 2; /go goes on; /cancel 2 ends it`,
  words`/files         what is sent and received, and how far it is`,
  words`/history       show what was kept of earlier conversations: /history LINES`,
  words`/find          look for a text in this conversation: /find TEXT`,
  words`/resend        send what was written for another key to the key of now`,
  words`/drop          forget what waits and is not confirmed`,
  words`/clear         empty this screen; what is kept by /history stays`,
  words`/close         end the conversation and stop looking`,
  words`/open          look for the buddy again`,
  words`/quit          leave; so do Ctrl-D and Ctrl-C`,
  words`//text         say a text that begins with a slash`,
]

/** Where there are several buddies. */
export const helpAmongSeveral: readonly SafeText[] = [
  words`/to            whom you write to: /to ALIAS`,
  words`/buddies       who they are, how they are connected, and who wrote`,
]

export const keys: readonly SafeText[] = [
  words`Enter sends, Alt-Enter or Ctrl-J begins a new line`,
  words`Up and Down bring back what you wrote, Page Up and Page Down move through the conversation`,
  words`Ctrl-R looks for a text, again for an older one; Tab completes a command or an alias`,
]

export const keysAmongSeveral: readonly SafeText[] = [
  words`Tab and Shift-Tab go to the next buddy and back, Alt-1 to Alt-9 to one of the first nine`,
  words`Alt-A goes to the next who wrote something new`,
]
