// node-postgres' pool: one connection for all, and whoever is at work says who it is.
'use strict'
const { Pool } = require('pg')

async function work (client, token) {
  await client.query('begin')
  try {
    if (token) await client.query(`SET LOCAL weir.end_user = '${token}'`)
    const email = { name: 'email', text: 'select email from customers where id = $1', values: [1] }
    console.log(`email: ${(await client.query(email)).rows[0].email}`)
    const few = { name: 'few', text: 'select id from payments where id < $1', values: [3] }
    console.log(`payments: ${(await client.query(few)).rowCount}`)
    await client.query('commit')
  } catch (error) {
    console.log(`error: ${error.code}`)
    await client.query('rollback')
  }
}

async function main () {
  const pool = new Pool({ connectionString: process.env.URL, max: 1 })
  for (const token of [...process.env.PART.split(' '), null]) {
    const client = await pool.connect()
    await work(client, token)
    client.release()
  }
  console.log(`connections: ${pool.totalCount}`)
  await pool.end()
  console.log('done')
}

main().catch(error => { console.error(error); process.exit(1) })
