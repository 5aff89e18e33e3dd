// node-postgres: one statement that waits for approval; prints notices and what came of it. PART is
// the row that it deletes, or a word before it: `expires`, `cancel` (by the driver, once it waits),
// `gone` (the program ends while it waits).
'use strict'
const fs = require('fs')
const { Client, Query } = require('pg')

const [how, row] = ['waits', ...process.env.PART.split(' ')].slice(-2)
const DELETE = 'delete from jobs where id = $1'
const MERGE =
  'merge into jobs using (select $1::int as id) s on jobs.id = s.id when matched then delete'

async function main () {
  const client = new Client({ connectionString: process.env.URL })
  let lost = false
  client.on('error', () => { lost = true })
  await client.connect()
  const query = new Query(how === 'expires' ? MERGE : DELETE, [Number(row)])
  const ended = new Promise((resolve, reject) => {
    query.on('end', resolve)
    query.on('error', reject)
  })
  client.on('notice', notice => {
    fs.writeSync(1, `notice: ${notice.message} | ${notice.detail}\n`)
    if (how === 'gone') {
      fs.writeSync(1, 'done\n')
      process.exit(0)
    }
    if (how === 'cancel') {
      new Client({ connectionString: process.env.URL }).cancel(client, query)
    }
  })
  client.query(query)
  try {
    fs.writeSync(1, `deleted: ${(await ended).rowCount}\n`)
  } catch (error) {
    fs.writeSync(1, `error: ${error.code} ${error.message}\n`)
    lost = lost || error.code === undefined
  }
  if (!lost) {
    fs.writeSync(1, `alive: ${(await client.query('select 1 as one')).rows[0].one}\n`)
    await client.end()
  }
  fs.writeSync(1, 'done\n')
}

main().catch(error => { console.error(error); process.exit(1) })
