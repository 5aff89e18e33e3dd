// node-postgres: one statement that waits for approval; prints notices and what came of it.
'use strict'
const { Client } = require('pg')

async function main () {
  const client = new Client({ connectionString: process.env.URL })
  client.on('notice', notice => console.log(`notice: ${notice.message} | ${notice.detail}`))
  await client.connect()
  try {
    const result = await client.query('delete from jobs where id = $1', [Number(process.env.PART)])
    console.log(`deleted: ${result.rowCount}`)
  } catch (error) {
    console.log(`error: ${error.code} ${error.message}`)
  }
  console.log(`alive: ${(await client.query('select 1 as one')).rows[0].one}`)
  await client.end()
  console.log('done')
}

main().catch(error => { console.error(error); process.exit(1) })
