// node-postgres: text format, type parsers, named statements, notifications, a pool.
'use strict'
const { Client, Pool } = require('pg')

const connectionString = process.env.URL
const show = (name, value) => console.log(`${name}: ${JSON.stringify(value)}`)

async function reading (client) {
  for (const query of [
    'select * from customers order by id limit 3',
    'select * from payments order by id limit 3',
    'select sku, embedding, attributes, colours, price from products order by sku limit 2',
    'select * from events order by id limit 3',
    'select * from hr.employees order by id limit 2',
    'select tags, other_emails, last_ip, portrait from customers where id in (1, 20) order by id'
  ]) {
    const result = await client.query(query)
    show(query, [result.command, result.rowCount, result.fields.map(f => [f.name, f.dataTypeID]),
      result.rows])
  }
  const array = await client.query({ text: 'select 1 as a, 2 as b', rowMode: 'array' })
  show('array', array.rows)
  for (let i = 0; i < 3; i++) {
    const named = { name: 'by-id', text: 'select id, email from customers where id = $1', values: [i + 1] }
    show('named', (await client.query(named)).rows)
  }
  show('parameters', (await client.query('select $1::jsonb as j, $2::text[] as t, $3::bytea as b',
    [{ a: 1 }, ['x', null], Buffer.from([0, 255])])).rows)
  const several = await client.query('select 1 as a; select 2 as b; select 3 as c')
  show('several', several.map(one => one.rows))
}

async function writing (client) {
  await client.query('begin')
  await client.query('create temp table t (a int, b text) on commit drop')
  for (let i = 0; i < 10; i++) await client.query('insert into t values ($1, $2)', [i, 'ü'])
  show('returning', (await client.query('delete from t where a < 3 returning *')).rows)
  await client.query('savepoint s')
  try {
    await client.query('select 1/0')
  } catch (error) {
    show('error', [error.code, error.severity, error.message])
  }
  await client.query('rollback to s')
  show('count', (await client.query('select count(*) from t')).rows)
  await client.query('rollback')
}

async function events (client) {
  const heard = new Promise(resolve => client.once('notification', resolve))
  const notice = new Promise(resolve => client.once('notice', resolve))
  await client.query('listen news')
  await client.query("select pg_notify('news', 'fresh')")
  const note = await heard
  show('notify', [note.channel, note.payload, note.processId === client.processID])
  await client.query("do $$ begin raise notice 'hello'; end $$")
  show('notice', (await notice).message)
}

async function main () {
  const client = new Client({ connectionString })
  await client.connect()
  for (const part of [reading, writing, events]) {
    if (![undefined, part.name].includes(process.env.PART)) continue
    console.log(`--- ${part.name}`)
    await part(client)
  }
  await client.end()
  if (process.env.PART !== undefined) {
    console.log('done')
    return
  }
  const pool = new Pool({ connectionString, max: 5 })
  const numbers = await Promise.all([...Array(40).keys()].map(async i =>
    (await pool.query('select $1::int * 2 as n', [i])).rows[0].n))
  show('pool', numbers)
  await pool.end()
  const wrong = new Client({ connectionString: connectionString.replace(/:[^:@]*@/, ':wrong@') })
  try {
    await wrong.connect()
    show('wrong password', 'let in')
    await wrong.end()
  } catch (error) {
    show('wrong password', error.code)
  }
  console.log('done')
}

main().catch(error => { console.error(error); process.exit(1) })
