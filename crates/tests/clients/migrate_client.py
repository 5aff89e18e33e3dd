"""Migrations as Alembic and Django run them, each in one transaction with DDL and data."""

import os
import sys
import tempfile
from pathlib import Path

URL = os.environ["URL"]


def alembic_migrate():
    from alembic import command
    from alembic.config import Config

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "versions").mkdir()
        (folder / "env.py").write_text(
            "from alembic import context\n"
            "from sqlalchemy import create_engine\n"
            "engine = create_engine(context.config.get_main_option('sqlalchemy.url'))\n"
            "with engine.connect() as connection:\n"
            "    context.configure(connection=connection)\n"
            "    with context.begin_transaction():\n"
            "        context.run_migrations()\n"
        )
        (folder / "versions" / "one.py").write_text(
            "import sqlalchemy as sa\n"
            "from alembic import op\n"
            "revision, down_revision = 'one', None\n"
            "def upgrade():\n"
            "    plan = op.create_table('plan', sa.Column('id', sa.Integer, primary_key=True),\n"
            "        sa.Column('name', sa.String(40), nullable=False), sa.Column('size', sa.Integer))\n"
            "    op.bulk_insert(plan, [{'id': 1, 'name': 'small', 'size': 1},\n"
            "        {'id': 2, 'name': 'large', 'size': 9}])\n"
            "    op.create_index('plan_name', 'plan', ['name'], unique=True)\n"
            "    op.execute('alter table plan add column code text')\n"
            "    op.execute(\"update plan set code = upper(name)\")\n"
            "    op.add_column('customers', sa.Column('plan_id', sa.Integer,\n"
            "        sa.ForeignKey('plan.id'), nullable=True))\n"
            "    op.execute('update customers set plan_id = 2 where id between 1 and 5')\n"
        )
        (folder / "versions" / "two.py").write_text(
            "import sqlalchemy as sa\n"
            "from alembic import op\n"
            "revision, down_revision = 'two', 'one'\n"
            "def upgrade():\n"
            "    op.alter_column('plan', 'size', new_column_name='seats')\n"
            "    op.alter_column('plan', 'seats', type_=sa.BigInteger)\n"
            "    bind = op.get_bind()\n"
            "    for key, seats in bind.execute(sa.text('select id, seats from plan')).all():\n"
            "        bind.execute(sa.text('update plan set seats = :s where id = :i'),\n"
            "            {'s': seats * 10, 'i': key})\n"
            "    op.create_table('seat', sa.Column('id', sa.Integer, primary_key=True),\n"
            "        sa.Column('plan_id', sa.Integer, sa.ForeignKey('plan.id')))\n"
            "    op.execute('insert into seat (id, plan_id) select seats, id from plan')\n"
            "    op.drop_column('plan', 'code')\n"
            "    op.execute(\"insert into plan (id, name, seats) values (3, 'huge', 90)\")\n"
        )
        config = Config()
        # A percent sign stands for a name there.
        url = URL.replace("postgresql:", "postgresql+psycopg:").replace("%", "%%")
        config.set_main_option("script_location", str(folder))
        config.set_main_option("sqlalchemy.url", url)
        command.upgrade(config, "head")
    print("alembic")


def django_migrate():
    import django
    from django.conf import settings

    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "depot" / "migrations"
        app.mkdir(parents=True)
        (app.parent / "__init__.py").touch()
        (app / "__init__.py").touch()
        (app / "0001_initial.py").write_text(
            "from django.db import migrations, models\n"
            "class Migration(migrations.Migration):\n"
            "    initial, dependencies = True, []\n"
            "    operations = [migrations.CreateModel('Crate', [\n"
            "        ('id', models.BigAutoField(primary_key=True)),\n"
            "        ('title', models.CharField(max_length=50)),\n"
            "        ('weight', models.IntegerField(default=0))])]\n"
        )
        (app / "0002_data.py").write_text(
            "from django.db import migrations, models\n"
            "import django.db.models.deletion\n"
            "def fill(apps, editor):\n"
            "    Crate, Shelf = apps.get_model('depot', 'Crate'), apps.get_model('depot', 'Shelf')\n"
            "    for at in range(3):\n"
            "        shelf = Shelf.objects.create(place=f'row {at}')\n"
            "        Crate.objects.create(name=f'crate {at}', weight=at, shelf=shelf)\n"
            "    for crate in Crate.objects.filter(weight__gt=0):\n"
            "        crate.slug = crate.name.replace(' ', '-')\n"
            "        crate.save()\n"
            "class Migration(migrations.Migration):\n"
            "    dependencies = [('depot', '0001_initial')]\n"
            "    operations = [\n"
            "        migrations.RenameField('Crate', 'title', 'name'),\n"
            "        migrations.CreateModel('Shelf', [\n"
            "            ('id', models.BigAutoField(primary_key=True)),\n"
            "            ('place', models.CharField(max_length=20, unique=True))]),\n"
            "        migrations.AddField('Crate', 'slug', models.SlugField(null=True)),\n"
            "        migrations.AddField('Crate', 'shelf', models.ForeignKey('Shelf', null=True,\n"
            "            on_delete=django.db.models.deletion.CASCADE)),\n"
            "        migrations.RunPython(fill),\n"
            "        migrations.RunSQL(\"update depot_crate set slug = 'first' where weight = 0\"),\n"
            "    ]\n"
        )
        sys.path.insert(0, folder)
        settings.configure(
            DATABASES={
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "HOST": "127.0.0.1",
                    "PORT": os.environ["PORT"],
                    "NAME": os.environ["DATABASE"],
                    "USER": os.environ["USER_NAME"],
                    "PASSWORD": os.environ["PASSWORD"],
                }
            },
            INSTALLED_APPS=["depot"],
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    print("django")


{"alembic": alembic_migrate, "django": django_migrate}[os.environ["PART"]]()
print("done")
